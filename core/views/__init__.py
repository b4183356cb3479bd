"""What pages draw: a module for each thing that is seen, named after it.

Beside session the only package of core that imports Streamlit. Drawing changes nothing; what is
changed is changed in a callback of a true click.
"""
