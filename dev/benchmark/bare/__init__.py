"""The other side: programs that use TensorFlow alone, as fast as it goes."""
