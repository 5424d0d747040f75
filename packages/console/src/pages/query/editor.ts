import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { PostgreSQL, sql } from '@codemirror/lang-sql'
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting, syntaxTree } from '@codemirror/language'
import { EditorState, StateEffect, StateField } from '@codemirror/state'
import { Decoration, type DecorationSet, drawSelection, EditorView, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'

export interface Editor {
  readonly text: string
  /** How many statements the text has, as far as a highlighter can tell. */
  readonly statements: number
  /** Marks the word at an offset, until the text changes; null marks none. */
  mark(offset: number | null): void
  /** Puts the cursor there. */
  goTo(offset: number): void
  focus(): void
  destroy(): void
}

export interface EditorEvents {
  readonly onChange: () => void
  /** Ctrl or Command with Enter. */
  readonly onRun: () => void
}

/**
 * A SQL editor in a shadow root below `host`. It is there for the Content-Security-Policy: in a document CodeMirror writes its rules into a `<style>`, which is
 * forbidden; in a shadow root it adopts a constructed stylesheet, which is not. Tab is not bound, so that it leaves the editor as it leaves any field.
 */
export function openEditor(host: HTMLElement, events: EditorEvents): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  const view = new EditorView({ root, parent: root, state: EditorState.create({ extensions: extensionsFor(events) }) })
  return {
    get text() {
      return view.state.doc.toString()
    },
    get statements() {
      return syntaxTree(view.state).topNode.getChildren('Statement').length
    },
    mark: (offset) => view.dispatch({ effects: marked.of(offset) }),
    goTo: (offset) => {
      view.dispatch({ selection: { anchor: Math.min(offset, view.state.doc.length) }, scrollIntoView: true })
      view.focus()
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  }
}

const marked = StateEffect.define<number | null>()

const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (before, { docChanged, effects, state }) => {
    const effect = effects.find((each) => each.is(marked))
    if (!effect) return docChanged ? Decoration.none : before
    if (effect.value === null || state.doc.length === 0) return Decoration.none
    const at = Math.min(effect.value, state.doc.length - 1)
    const { from, to } = state.wordAt(at) ?? { from: at, to: at + 1 }
    return Decoration.set(Decoration.mark({ class: 'cs-wrong' }).range(from, to))
  },
  provide: (field) => EditorView.decorations.from(field),
})

/** What a reader cannot see, as in `visible` of the contract: it is named in the editor too, because it is part of what would run. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu

function named(code: number): HTMLElement {
  const mark = document.createElement('span')
  mark.className = 'cs-unseen'
  mark.textContent = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  mark.title = `a character that cannot be seen: ${mark.textContent}`
  return mark
}

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--cs-code-word)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string), tags.number, tags.bool, tags.null], color: 'var(--cs-code-literal)' },
  { tag: tags.comment, color: 'var(--cs-code-comment)', fontStyle: 'italic' },
])

const theme = EditorView.theme({
  '&': { color: 'var(--cs-text)', backgroundColor: 'var(--cs-surface)', fontSize: '0.8125rem' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '1.6', minHeight: '9rem', maxHeight: '45vh', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--cs-text)', padding: '0.5rem 0' },
  '.cm-cursor': { borderLeftColor: 'var(--cs-text)' },
  '.cm-gutters': { backgroundColor: 'var(--cs-surface)', color: 'var(--cs-dim)', border: 'none' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { background: 'var(--cs-accent-faint)' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--cs-accent-faint)' },
  '.cs-wrong': { textDecoration: 'underline wavy var(--cs-bad)', backgroundColor: 'var(--cs-bad-faint)' },
  '.cs-unseen': {
    padding: '0 0.25em',
    borderRadius: '3px',
    fontSize: '0.85em',
    fontWeight: '600',
    color: 'var(--cs-bad)',
    backgroundColor: 'var(--cs-bad-faint)',
  },
})

/**
 * What is typed over a selection is put there by the editor. Chromium would keep the style of what it replaces, as a style attribute, which the
 * Content-Security-Policy forbids and complains of.
 */
const replacing = EditorView.domEventHandlers({
  beforeinput: ({ inputType, data, isComposing }, view) => {
    if (inputType !== 'insertText' || data === null || isComposing || view.state.selection.main.empty) return false
    view.dispatch(view.state.replaceSelection(data), { userEvent: 'input.type', scrollIntoView: true })
    return true
  },
})

const extensionsFor = ({ onChange, onRun }: EditorEvents) => [
  keymap.of([
    {
      key: 'Mod-Enter',
      run: () => {
        onRun()
        return true
      },
    },
    ...historyKeymap,
    ...defaultKeymap,
  ]),
  history(),
  replacing,
  lineNumbers(),
  drawSelection(),
  bracketMatching(),
  highlightSpecialChars({ addSpecialChars: UNSEEN, render: named }),
  indentUnit.of('  '),
  sql({ dialect: PostgreSQL }),
  syntaxHighlighting(colours),
  marks,
  theme,
  EditorView.lineWrapping,
  EditorView.contentAttributes.of({ 'aria-label': 'SQL', 'aria-multiline': 'true', spellcheck: 'false', autocapitalize: 'off' }),
  EditorView.updateListener.of(({ docChanged }) => {
    if (docChanged) onChange()
  }),
]
