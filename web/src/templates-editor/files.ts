/** Files beside a template, which come from the computer of who writes it, and those a trial made. */

export interface FileBeside {
  path: string;
  base64Content: string;
}

export const MAX_FILES = 500;
/** The portal takes ten megabytes, in which three bytes become four letters. */
export const MAX_BYTES = 7_000_000;

/** Files of a folder, with their paths below it. */
export async function filesOf(chosen: readonly File[]): Promise<FileBeside[]> {
  if (chosen.length > MAX_FILES) throw new Error(`More than ${MAX_FILES} files cannot be sent.`);
  const total = chosen.reduce((sum, { size }) => sum + size, 0);
  if (total > MAX_BYTES) throw new Error('The files have more than 7 MB in all.');
  return Promise.all(
    chosen.map(async file => ({
      path: belowFolder(file.webkitRelativePath || file.name),
      base64Content: toBase64(new Uint8Array(await file.arrayBuffer())),
    })),
  );
}

/** The folder that was chosen is where the template is. */
export function belowFolder(path: string): string {
  return path.includes('/') ? path.slice(path.indexOf('/') + 1) : path;
}

const CHUNK = 8192;

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(text);
}

/** The text of a file; nothing when it is none. */
export function textOf(base64: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
