"""Sound: every RTP leg is a row of arrays, and one thread moves all rows once in 20 ms."""
