"""The worker's side of the parameter server: standard library and numpy only."""
