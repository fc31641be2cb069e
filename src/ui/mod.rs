//! Draws the model. Pure: reads the model, writes the frame.
