/** Text that is written here, with highlighting, and marks on the lines that something is said about. */

import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { codeFolding, foldGutter, foldKeymap, syntaxHighlighting } from '@codemirror/language';
import { search, searchKeymap } from '@codemirror/search';
import { EditorState, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { nonce } from '../app/boot';
import { COLOURS, THEME } from '../ui/codeLook';
import '../ui/code.css';

export interface Mark {
  severity: 'error' | 'warn';
  message: string;
  line: number;
}

interface CodeEditorProps {
  value: string;
  onChange: (text: string) => void;
  label: string;
  marks: Mark[];
  /** A line to go to; another object goes there again. */
  goTo?: { line: number };
}

const setMarks = StateEffect.define<Mark[]>();

const markField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (effect.is(setMarks)) next = decorationsOf(transaction.state, effect.value);
    }
    return next;
  },
  provide: field => EditorView.decorations.from(field),
});

function decorationsOf(state: EditorState, marks: Mark[]): DecorationSet {
  const inText = marks.filter(({ line }) => line >= 1 && line <= state.doc.lines);
  const ranges = inText.map(({ line, severity, message }) =>
    Decoration.line({
      class: `cm-fault-${severity}`,
      attributes: { title: message },
    }).range(state.doc.line(line).from),
  );
  return Decoration.set(ranges, true);
}

const FAULTS = EditorView.theme({
  '.cm-fault-error': { backgroundColor: 'var(--error-soft)' },
  '.cm-fault-warn': { backgroundColor: 'var(--warn-soft)' },
});

export default function CodeEditor({ value, onChange, label, marks, goTo }: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const change = useRef(onChange);
  change.current = onChange;
  const first = useRef(value);
  useEffect(() => {
    if (!host.current) return;
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          EditorView.cspNonce.of(nonce),
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
          lineNumbers(),
          history(),
          codeFolding(),
          foldGutter(),
          search({ top: true }),
          syntaxHighlighting(COLOURS),
          yaml(),
          markField,
          // Tab leaves the editor, as it leaves every field.
          keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, ...foldKeymap]),
          EditorView.updateListener.of(update => {
            if (update.docChanged) change.current(update.state.doc.toString());
          }),
          THEME,
          FAULTS,
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, [label]);
  useEffect(() => {
    const now = view.current?.state.doc.toString();
    if (now === undefined || now === value) return;
    // What was written here is there already: this comes from elsewhere.
    view.current?.dispatch({ changes: { from: 0, to: now.length, insert: value } });
  }, [value]);
  useEffect(() => view.current?.dispatch({ effects: setMarks.of(marks) }), [marks]);
  useEffect(() => {
    const editor = view.current;
    if (!goTo || !editor || goTo.line > editor.state.doc.lines) return;
    const { from } = editor.state.doc.line(goTo.line);
    editor.dispatch({ selection: { anchor: from }, scrollIntoView: true });
    editor.focus();
  }, [goTo]);
  return <div ref={host} className="code-host" />;
}
