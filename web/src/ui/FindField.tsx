import { useTyped } from './typed';

interface FindFieldProps {
  label: string;
  placeholder?: string;
  type?: 'text' | 'search';
  value: string;
  onChange: (text: string) => void;
}

/** A field that narrows a list, whose text is kept in the address. */
export function FindField({ label, placeholder, type, value, onChange }: FindFieldProps) {
  const [text, setText] = useTyped(value, onChange);
  return (
    <input
      className="input"
      type={type}
      aria-label={label}
      placeholder={placeholder ?? label}
      value={text}
      onChange={event => setText(event.target.value)}
    />
  );
}
