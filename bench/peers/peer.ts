/** An answer of a peer as the probe saw it. Header names are in lower case. */
export type Answer = { status: number, headers: Record<string, string>, body: string, bytes: number }

/** A server that was started: its first process, its port on 127.0.0.1, and how to end it with all its children. */
export type Running = { pid: number, port: number, stop(): Promise<void> }

/** One server in one configuration. */
export type Peer = {
  /** What the tables and `--only` call it. */
  name: string
  /** What it does with a request, for a reader who does not know it. */
  about: string
  /** Why it cannot be started here, or null. */
  available(): string | null
  /** Starts it with its files in `dir`, which exists and is empty; rejects with the reason when it does not come up. */
  start(dir: string): Promise<Running>
  /** Why `answer` is not what this peer must give, or null: nobody wins by answering 404 quickly. */
  check(answer: Answer): string | null
}

/** The body that every peer with a free choice sends for `GET /`. */
export const body = 'hello from /\n'

/** The header that every peer with three hooks adds. */
export const servedBy = { name: 'X-Served-By', value: 'bench' }

/** Accepts 200 with exactly `expected` (or any body but an empty one). */
export function expectBody(expected: string | null = body): (answer: Answer) => string | null {
  return answer => {
    if (answer.status !== 200) return `answered ${answer.status}, not 200`
    const right = expected === null ? answer.body !== '' : answer.body === expected
    return right ? null : `answered ${JSON.stringify(answer.body)}`
  }
}

/** Accepts what `expectBody` does, but only with the header of the third hook. */
export function expectHooks(expected: string | null = body): (answer: Answer) => string | null {
  const first = expectBody(expected)
  return answer => {
    const value = answer.headers[servedBy.name.toLowerCase()]
    return first(answer) ?? (value === servedBy.value ? null : `answered without "${servedBy.name}: ${servedBy.value}"`)
  }
}

/** Accepts a JSON-RPC 2.0 success. */
export function expectRpc(answer: Answer): string | null {
  if (answer.status !== 200) return `answered ${answer.status}, not 200`
  try {
    const { jsonrpc, result } = JSON.parse(answer.body) as { jsonrpc?: string, result?: unknown }
    return jsonrpc === '2.0' && typeof result === 'string' ? null : `answered ${JSON.stringify(answer.body)}`
  } catch {
    return `answered ${JSON.stringify(answer.body)}`
  }
}
