"""The shell: page configuration, navigation, and what every page shares. `streamlit run app.py`"""

from core import session

session.run_shell()
