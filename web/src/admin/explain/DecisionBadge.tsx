import { Badge, type Tone } from '../../ui/Small';

const WORDS: Record<string, [Tone, string]> = {
  ALLOW: ['ok', 'allowed'],
  DENY: ['error', 'denied'],
  CONDITIONAL: ['warn', 'depends'],
};

/** A decision in a word. */
export function DecisionBadge({ decision }: { decision: string }) {
  const [tone, word] = WORDS[decision] ?? (['info', decision] as const);
  return <Badge tone={tone}>{word}</Badge>;
}
