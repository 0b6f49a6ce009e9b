"""What ``dev/bench`` runs: rows that each compare SparkFlow with something, and the harness around them."""
