//! The imperative shell: terminal, event loop, effects, signals.
