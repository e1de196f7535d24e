/** Requests to the portal: credentials, errors as values with an id, first data from the page. */

import { config, takeFirst } from '../app/boot';
import { session } from '../session/session';

/** What the server said, or why there was no answer. */
export class ApiError extends Error {
  override readonly name: string;
  constructor(
    message: string,
    readonly status: number,
    name: string,
    readonly request: string,
    readonly requestId: string | null,
    /** What is wrong with each part of what was sent, where the portal says so. */
    readonly problems: unknown[] = [],
  ) {
    super(message);
    this.name = name;
  }
  get isMissing() {
    return this.status === 404;
  }
  get isDenied() {
    return this.status === 403;
  }
  get isOffline() {
    return this.status === 0;
  }
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: unknown;
  signal?: AbortSignal;
  /** Sent without credentials, for signing in. */
  open?: boolean;
  headers?: Record<string, string>;
}

/** The URL of a path of the portal, which may live below a path itself. */
export function portalUrl(path: string): string {
  return `${config.basePath}${path}`;
}

/** The answer that came with the page, so that the first view has its data without a turn. */
export function brought<T>(path: string, options: RequestOptions = {}): T | undefined {
  return takeFirst(keyOf(path, options))?.body as T | undefined;
}

function keyOf(path: string, { method = 'GET', body }: RequestOptions): string {
  return `${method} ${path} ${body === undefined ? '' : JSON.stringify(body)}`.trimEnd();
}

/** Sends a request and gives the JSON of its answer; `undefined` for answers without a body. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const first = takeFirst(keyOf(path, options));
  if (first) return first.body as T;
  const text = await (await answerOf(path, options)).text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** Sends a request and gives its answer; what is not fine is an `ApiError`. */
export async function answerOf(path: string, options: RequestOptions = {}): Promise<Response> {
  const method = options.method ?? 'GET';
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const label = `${method} ${path}`;
  let response = await send(label, path, method, body, options);
  if (response.status === 401 && !options.open) {
    await session.renew();
    response = await send(label, path, method, body, options);
  }
  if (!response.ok) throw await errorOf(response, label);
  return response;
}

async function send(
  label: string,
  path: string,
  method: string,
  body: string | undefined,
  options: RequestOptions,
): Promise<Response> {
  const headers = new Headers({ Accept: 'application/json', ...options.headers });
  if (body !== undefined) headers.set('Content-Type', 'application/json');
  // Which no form of another site can send.
  if (options.open) headers.set('X-Requested-With', 'XMLHttpRequest');
  else headers.set('Authorization', `Bearer ${await session.token()}`);
  try {
    return await fetch(portalUrl(path), { method, headers, body, signal: options.signal });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    const message = 'The portal did not answer. Check your network connection.';
    throw new ApiError(message, 0, 'NetworkError', label, null);
  }
}

/** An error as Backstage has it, or as OAuth has it. */
interface ErrorBody {
  error?: { name?: string; message?: string; problems?: unknown } | string;
  error_description?: string;
  /** What is wrong with values of a form. */
  errors?: { stack?: string; message?: string }[];
}

function readError(text: string): { name?: string; message?: string; problems?: unknown } {
  try {
    const { error, error_description, errors } = JSON.parse(text) as ErrorBody;
    if (Array.isArray(errors)) {
      return { message: errors.map(({ stack, message }) => stack ?? message).join('\n') };
    }
    return typeof error === 'string' ? { name: error, message: error_description } : (error ?? {});
  } catch {
    // Proxies answer HTML; the status has to do.
    return {};
  }
}

async function errorOf(response: Response, label: string): Promise<ApiError> {
  const text = await response.text();
  const id = response.headers.get('x-request-id');
  const { name = 'Error', message, problems } = readError(text);
  return new ApiError(
    message || `The portal answered ${response.status}`,
    response.status,
    name,
    label,
    id,
    Array.isArray(problems) ? problems : [],
  );
}
