//! Keys, actions and the keymap: what a key press means in which place.
