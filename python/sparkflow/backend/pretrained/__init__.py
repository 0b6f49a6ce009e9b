"""Models that something else has trained, as the graphs and values that SparkFlow's models are made of."""
