"""The frame of the pages: title, navigation, and the script of each page.

It lies among the pages because Streamlit first answers an address with "Page not found" if a
folder `pages` lies beside the application.
"""

from __future__ import annotations

import streamlit as st

st.set_page_config(page_title="Younger leaderboard", page_icon=":material/account_tree:", layout="wide")
st.navigation(
    [
        st.Page("results.py", title="Leaderboard", icon=":material/leaderboard:", default=True),
        st.Page("guide.py", title="How to submit", icon=":material/menu_book:", url_path="how-to-submit"),
        st.Page("submit.py", title="Submit", icon=":material/upload:", url_path="submit"),
    ],
    position="top",
).run()
