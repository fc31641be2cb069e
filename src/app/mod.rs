//! The state of the program and how it changes: Model, Msg, Effect, update.
