//! The command line and the commands without a screen.
