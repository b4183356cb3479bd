"""Tidy frames to Vega-Lite specifications: every chart has a title, units and tooltips.

Specifications are built once by Altair and cached as dicts; a page passes one with its frame to
`st.vega_lite_chart`. Fields have internal names, and what a user named shows only as text.
"""
