// The code editor of the console: CodeMirror 6 with the languages of the runtimes, in a shadow root of its own. There it brings its styles
// as constructed style sheets, which the console's Content-Security-Policy allows, where a <style> element would be refused.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { json } from "@codemirror/lang-json";
import { python } from "@codemirror/lang-python";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, indentUnit, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { ruby } from "@codemirror/legacy-modes/mode/ruby";
import { shell } from "@codemirror/legacy-modes/mode/shell";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const LANGUAGES = {
  py: () => [python(), indentUnit.of("    ")],
  js: () => javascript(), mjs: () => javascript(), cjs: () => javascript(), jsx: () => javascript({ jsx: true }),
  ts: () => javascript({ typescript: true }), mts: () => javascript({ typescript: true }),
  json: () => json(), yaml: () => yaml(), yml: () => yaml(),
  rb: () => StreamLanguage.define(ruby), sh: () => StreamLanguage.define(shell), bootstrap: () => StreamLanguage.define(shell),
};

// Colours come from the page's custom properties, which reach into the shadow root, so that the theme follows the page.
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--code-number)" },
  { tag: [tags.comment, tags.meta], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.className, tags.definition(tags.propertyName), tags.propertyName], color: "var(--code-name)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--code-background)", color: "var(--text)", fontSize: "13px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-gutters": { backgroundColor: "var(--code-background)", color: "var(--muted)", border: "none" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--code-line)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--code-selection) !important" },
  ".cm-panels, .cm-tooltip": { backgroundColor: "var(--surface)", color: "var(--text)", borderColor: "var(--line)" },
  ".cm-textfield, .cm-button": { backgroundColor: "var(--surface)", color: "var(--text)", backgroundImage: "none", border: "1px solid var(--line)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--code-line)", border: "none", color: "var(--muted)" },
  "&.cm-focused": { outline: "none" },
});

/**
 * Makes an editor below `host`. Each file keeps its own state: text, history and selection.
 * Escape, then Tab, leaves the editor by the keyboard.
 */
export function createEditor(host, { label, changed, save }) {
  const root = host.attachShadow({ mode: "open" });
  const extensions = (name) => [
    lineNumbers(), highlightActiveLineGutter(), foldGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(),
    closeBrackets(), autocompletion(), highlightActiveLine(), highlightSelectionMatches(), syntaxHighlighting(colours), look,
    keymap.of([
      { key: "Mod-s", preventDefault: true, run: () => (save(), true) },
      ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, indentWithTab,
    ]),
    EditorView.contentAttributes.of({ "aria-label": `${label}: ${name}` }),
    EditorView.updateListener.of((update) => { if (update.docChanged) changed(); }),
    LANGUAGES[name.split("/").pop().split(".").pop().toLowerCase()]?.() ?? [],
  ];
  const view = new EditorView({ root, parent: root });
  return {
    /** A file's state, to be shown later. */
    open: (name, text) => EditorState.create({ doc: text, extensions: extensions(name) }),
    show: (state) => view.setState(state),
    state: () => view.state,
    text: (state) => state.doc.toString(),
    insert: (text) => view.dispatch(view.state.replaceSelection(text)),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
