"""How models of transformers are built and what they are given; imported by the processes that build them, which need torch anyway."""
