"""Models as pure functions over one flat float32 vector: the only room that imports TensorFlow."""
