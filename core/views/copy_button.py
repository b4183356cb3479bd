"""A button that copies a text."""

import streamlit as st

_COPY = st.components.v2.component(
    "copy_button",
    html="""<button type="button" id="copy">
<i id="icon" aria-hidden="true"></i>
<span id="label" aria-live="polite"></span></button>""",
    css="""
button {
  display: inline-flex; align-items: center; gap: 0.5rem;
  font-family: var(--st-font); font-size: calc(0.875 * var(--st-base-font-size)); line-height: 1.6;
  color: var(--st-text-color); background: transparent; cursor: pointer; white-space: nowrap;
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius);
  min-height: 2.5rem; padding: 0.25rem 0.75rem;
}
button:hover, button:focus-visible {
  color: var(--st-primary-color); border-color: var(--st-primary-color); outline: none;
}
i { position: relative; width: 1.05em; height: 1.15em; }
i::before, i::after {
  content: ""; position: absolute; width: 0.7em; height: 0.8em;
  border: 1.5px solid currentColor; border-radius: 2px; box-sizing: border-box;
}
i::before { top: 0; left: 0; clip-path: polygon(0 0, 100% 0, 100% 30%, 40% 30%, 40% 100%, 0 100%); }
i::after { bottom: 0; right: 0; }
i.done::before { border: 0; }
i.done::after {
  width: 0.4em; height: 0.8em; right: 0.3em; bottom: 0.2em; transform: rotate(45deg);
  border-width: 0 2px 2px 0; border-radius: 0;
}
""",
    js="""
export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("#copy")
  const label = parentElement.querySelector("#label")
  const icon = parentElement.querySelector("#icon")
  label.textContent = data.label
  button.title = data.text
  const fallback = () => {
    const area = document.createElement("textarea")
    area.value = data.text
    area.style.position = "fixed"
    area.style.opacity = "0"
    document.body.appendChild(area)
    area.select()
    const copied = document.execCommand("copy")
    area.remove()
    return copied
  }
  button.onclick = async () => {
    let copied = false
    try {
      await navigator.clipboard.writeText(data.text)
      copied = true
    } catch {
      copied = fallback()
    }
    label.textContent = copied ? "Copied" : "Press Ctrl+C"
    icon.classList.toggle("done", copied)
    if (!copied) window.prompt("Copy this link:", data.text)
    setTimeout(() => {
      label.textContent = data.label
      icon.classList.remove("done")
    }, 1800)
  }
}
""",
)


def copy_button(text: str, label: str, key: str) -> None:
    """A button that puts a text on the clipboard, in the browser alone."""
    _COPY(data={"text": text, "label": label}, key=key, width="content", height="content")
