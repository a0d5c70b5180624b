"""Through time: the derivative by a weight that a recurrent layer uses at every step, as a sum over the steps."""
