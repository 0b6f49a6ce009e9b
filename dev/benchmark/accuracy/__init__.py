"""``dev/bench accuracy``: what a net has learnt after equal samples, by mode and number of workers."""
