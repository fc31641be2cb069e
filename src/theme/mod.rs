//! Colours: a palette becomes the styles the views draw with.
