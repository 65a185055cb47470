"""The pages of the board, drawn by Streamlit."""
