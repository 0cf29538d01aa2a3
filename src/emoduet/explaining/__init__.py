"""Which words and which moments carried an answer, by three methods, each with a test of what it claims."""
