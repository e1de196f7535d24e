/** A log that follows its end, is searched, and keeps thousands of lines light. */

import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDownToLine, Clock, Download, WrapText } from 'lucide-react';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { download } from '../../catalog/export';
import { Button, IconButton } from '../../ui/Button';
import { formatCount } from '../../ui/Small';
import { Empty } from '../../ui/States';
import { plainText, readAnsi } from './ansi';
import { type LogLine, toFile } from './run';
import './run.css';

interface LogViewProps {
  lines: LogLine[];
  /** The line of the address. */
  marked: string | undefined;
  fileName: string;
  onMark: (key: string) => void;
}

interface Look {
  isWrapped: boolean;
  hasTimes: boolean;
}

export function LogView({ lines, marked, fileName, onMark }: LogViewProps) {
  const [text, setText] = useState('');
  const [look, setLook] = useState<Look>({ isWrapped: true, hasTimes: false });
  const [isFollowing, setFollowing] = useState(marked === undefined);
  const host = useRef<HTMLDivElement>(null);
  const wanted = text.toLowerCase();
  const shown = wanted
    ? lines.filter(line => plainText(line.text).toLowerCase().includes(wanted))
    : lines;
  const toggle = (key: keyof Look) => setLook({ ...look, [key]: !look[key] });
  return (
    <section className="card log" aria-label="Log">
      <div className="log-bar">
        <input
          className="input log-search"
          aria-label="Search the log"
          placeholder="Search"
          value={text}
          onChange={event => setText(event.target.value)}
        />
        <span className="muted grow" role="status">
          {formatCount(shown.length)} {shown.length === 1 ? 'line' : 'lines'}
        </span>
        {!isFollowing && (
          <Button size="small" onClick={() => setFollowing(true)}>
            <ArrowDownToLine aria-hidden /> Follow
          </Button>
        )}
        <IconButton
          label="Times"
          size="small"
          aria-pressed={look.hasTimes}
          onClick={() => toggle('hasTimes')}
        >
          <Clock />
        </IconButton>
        <IconButton
          label="Wrap lines"
          size="small"
          aria-pressed={look.isWrapped}
          onClick={() => toggle('isWrapped')}
        >
          <WrapText />
        </IconButton>
        <IconButton
          label="Download"
          size="small"
          onClick={() => download(fileName, 'text/plain', toFile(lines))}
        >
          <Download />
        </IconButton>
      </div>
      {shown.length === 0 && (
        <Empty title={wanted ? `No line has “${text}”` : 'Nothing has been said yet'} />
      )}
      <Lines
        host={host}
        lines={shown}
        look={look}
        marked={marked}
        isFollowing={isFollowing}
        onFollow={setFollowing}
        onMark={onMark}
      />
    </section>
  );
}

const LINE = 20;
/** So close to the end counts as at the end. */
const SLACK = 40;

interface LinesProps {
  host: RefObject<HTMLDivElement | null>;
  lines: LogLine[];
  look: Look;
  marked: string | undefined;
  isFollowing: boolean;
  onFollow: (isFollowing: boolean) => void;
  onMark: (key: string) => void;
}

function Lines({ host, lines, look, marked, isFollowing, onFollow, onMark }: LinesProps) {
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => host.current,
    estimateSize: () => LINE,
    overscan: 20,
    getItemKey: index => lines[index]?.key ?? index,
  });
  const height = rows.getTotalSize();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the end moves with the height, too
  useEffect(() => {
    if (isFollowing && lines.length > 0) rows.scrollToIndex(lines.length - 1, { align: 'end' });
    // Long lines turn out higher once they are drawn.
  }, [isFollowing, lines.length, height, rows]);
  const scrolledTo = useRef(0);
  const markedAt = lines.findIndex(({ key }) => key === marked);
  const hasMarked = markedAt >= 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: when the line appears, not whenever others do
  useEffect(() => {
    if (hasMarked && !isFollowing) rows.scrollToIndex(markedAt, { align: 'center' });
  }, [hasMarked]);
  const onScroll = () => {
    const element = host.current;
    if (!element) return;
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < SLACK;
    // New lines move the end away without anybody scrolling; only who scrolls up wants to stay.
    const isUp = element.scrollTop < scrolledTo.current;
    scrolledTo.current = element.scrollTop;
    if (isAtEnd !== isFollowing && (isAtEnd || isUp)) onFollow(isAtEnd);
  };
  return (
    <div
      className="log-lines"
      ref={host}
      onScroll={onScroll}
      role="log"
      aria-live="off"
      aria-label="Lines of the log"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
      tabIndex={0}
    >
      <div style={{ height, position: 'relative' }}>
        {rows.getVirtualItems().map(row => {
          const line = lines[row.index];
          if (!line) return null;
          return (
            <div
              key={row.key}
              ref={rows.measureElement}
              data-index={row.index}
              className="log-line"
              data-wrapped={look.isWrapped ? '' : undefined}
              data-marked={line.key === marked ? '' : undefined}
              style={{ transform: `translateY(${row.start}px)` }}
            >
              <button
                type="button"
                className="log-number"
                aria-label={`Link to line ${row.index + 1}`}
                tabIndex={-1}
                onClick={() => onMark(line.key)}
              >
                {row.index + 1}
              </button>
              {look.hasTimes && <time>{new Date(line.at).toLocaleTimeString()}</time>}
              <Text text={line.text} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Text({ text }: { text: string }) {
  let from = 0;
  return (
    <span className="log-text">
      {readAnsi(text).map(({ text: part, colour, isBold }) => {
        const key = from;
        from += part.length;
        return (
          <span key={key} style={{ color: colour, fontWeight: isBold ? 600 : undefined }}>
            {part}
          </span>
        );
      })}
    </span>
  );
}
