-- Indexes of lists.
CREATE INDEX score_events_due ON score_events (due, seq);
