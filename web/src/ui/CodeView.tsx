/** Read-only text with highlighting, folding and search; for megabytes, too. */

import { json } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import { codeFolding, foldGutter, foldKeymap, syntaxHighlighting } from '@codemirror/language';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { Download, WrapText } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { nonce } from '../app/boot';
import { download } from '../catalog/export';
import { IconButton } from './Button';
import { COLOURS, THEME } from './codeLook';
import { CopyButton } from './Small';
import './code.css';

export type Language = 'yaml' | 'json' | 'text';

interface CodeViewProps {
  text: string;
  language: Language;
  /** What the text is. */
  label: string;
  actions?: ReactNode;
}

function languageOf(language: Language): Extension {
  if (language === 'yaml') return yaml();
  return language === 'json' ? json() : [];
}

export default function CodeView({ text, language, label, actions }: CodeViewProps) {
  const host = useRef<HTMLDivElement>(null);
  const [isWrapped, setWrapped] = useState(false);
  useEffect(() => {
    if (!host.current) return;
    const view = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: text,
        extensions: [
          EditorView.cspNonce.of(nonce),
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
          lineNumbers(),
          codeFolding(),
          foldGutter(),
          search({ top: true }),
          highlightSelectionMatches(),
          syntaxHighlighting(COLOURS),
          languageOf(language),
          isWrapped ? EditorView.lineWrapping : [],
          keymap.of([...searchKeymap, ...foldKeymap]),
          THEME,
        ],
      }),
    });
    return () => view.destroy();
  }, [text, language, label, isWrapped]);
  const extension = language === 'text' ? 'txt' : language;
  return (
    <section className="card code" aria-label={label}>
      <div className="code-bar">
        <div className="grow">{actions}</div>
        <IconButton
          label="Wrap lines"
          aria-pressed={isWrapped}
          size="small"
          onClick={() => setWrapped(!isWrapped)}
        >
          <WrapText />
        </IconButton>
        <CopyButton text={text} label="Copy everything" />
        <IconButton
          label="Download"
          size="small"
          onClick={() => download(`${label}.${extension}`, 'text/plain', text)}
        >
          <Download />
        </IconButton>
      </div>
      <div ref={host} className="code-host" />
    </section>
  );
}
