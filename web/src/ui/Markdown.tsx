/** CommonMark as elements of the page. Nothing in it becomes HTML, so nothing in it can run. */

import type { Token, Tokens } from 'marked';
import { Fragment, memo, type ReactNode } from 'react';
import { isWebUrl } from '../api/entity';
import { decoded, MAX_DEPTH, readMarkdown } from './markdownText';

interface MarkdownProps {
  text: string;
  className?: string;
}

export const Markdown = memo(function Markdown({ text, className = '' }: MarkdownProps) {
  const tokens = readMarkdown(text);
  if (!tokens) return <p className={`prewrap ${className}`}>{text}</p>;
  return <div className={`markdown ${className}`}>{all(tokens, 0)}</div>;
});

function all(tokens: Token[] | undefined, depth: number): ReactNode {
  return tokens?.map((token, at) => <Fragment key={at}>{one(token, depth + 1)}</Fragment>);
}

function one(token: Token, depth: number): ReactNode {
  if (depth > MAX_DEPTH) return token.raw;
  const inner = () => all('tokens' in token ? token.tokens : undefined, depth);
  switch (token.type) {
    case 'space':
    case 'def':
    case 'checkbox':
      return null;
    // A page has headings of its own.
    case 'heading':
      return (
        <p>
          <strong>{inner()}</strong>
        </p>
      );
    case 'paragraph':
      return <p>{inner()}</p>;
    case 'blockquote':
      return <blockquote>{inner()}</blockquote>;
    case 'list':
      return listOf(token as Tokens.List, depth);
    case 'table':
      return tableOf(token as Tokens.Table, depth);
    case 'code':
      return (
        <pre>
          <code>{token.text}</code>
        </pre>
      );
    case 'hr':
      return <hr />;
    case 'html':
      return token.raw.startsWith('<!--') ? null : token.raw;
    default:
      return inline(token, inner);
  }
}

function inline(token: Token, inner: () => ReactNode): ReactNode {
  switch (token.type) {
    case 'strong':
      return <strong>{inner()}</strong>;
    case 'em':
      return <em>{inner()}</em>;
    case 'del':
      return <del>{inner()}</del>;
    case 'codespan':
      return <code>{decoded(token.text)}</code>;
    case 'br':
      return <br />;
    case 'link':
      return linkOf(token.href, inner());
    // Pictures of other hosts are not loaded.
    case 'image':
      return linkOf(token.href, token.text || token.href);
    default:
      return 'tokens' in token && token.tokens
        ? inner()
        : decoded('text' in token ? String(token.text) : token.raw);
  }
}

function linkOf(href: string, children: ReactNode): ReactNode {
  if (!isWebUrl(href)) return children;
  return (
    <a href={href} target="_blank" rel="noreferrer">
      {children}
    </a>
  );
}

function listOf({ ordered, start, items }: Tokens.List, depth: number): ReactNode {
  const rows = items.map((item, at) => (
    <li key={at}>
      {item.task && (item.checked ? '☑ ' : '☐ ')}
      {all(item.tokens, depth)}
    </li>
  ));
  return ordered ? <ol start={Number(start) || 1}>{rows}</ol> : <ul>{rows}</ul>;
}

function tableOf({ header, rows }: Tokens.Table, depth: number): ReactNode {
  return (
    <div className="table-wrap">
      <table className="table">
        <thead>
          <tr>
            {header.map((cell, at) => (
              <th key={at} scope="col">
                {all(cell.tokens, depth)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={column}>{all(cell.tokens, depth)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
