/** The thread that waits for datagrams on a unix socket, which the event loop cannot do: poll(2) blocks it, a byte in the pipe ends it. */
import { parentPort, workerData } from 'node:worker_threads'
import { lastError } from '../ffi.ts'
import { Libc, addressSize, libc, senderOf } from './libc.ts'

/** What it is started with. `open` counts the datagrams that were handed over and are not answered yet. */
export interface ReaderData {
  readonly fd: number
  readonly wake: number
  readonly open: SharedArrayBuffer
  /** As many may be open; then the senders wait in the kernel's queue. */
  readonly most: number
  readonly size: number
}

/** A datagram with its sender's address; null: it has none. */
export interface Datagram {
  readonly data: Uint8Array
  readonly from: Uint8Array | null
}

/** Looks up in between, so that a thread that is terminated ends. */
const patience = 500

function read({ fd, wake, open, most, size }: ReaderData): void {
  const c = libc()
  const count = new Int32Array(open)
  const fds = Buffer.alloc(16)
  fds.writeInt32LE(fd, 0)
  fds.writeInt16LE(Libc.PollIn, 4)
  fds.writeInt32LE(wake, 8)
  fds.writeInt16LE(Libc.PollIn, 12)
  const data = Buffer.alloc(size)
  const address = Buffer.alloc(addressSize)
  const length = Buffer.alloc(4)
  for (;;) {
    c.poll(fds, 2n, patience)
    if (fds.readInt16LE(14) !== 0) return
    if (fds.readInt16LE(6) === 0) continue
    while (Atomics.load(count, 0) < most) {
      length.writeUInt32LE(addressSize)
      const n = Number(c.recvfrom(fd, data, BigInt(size), Libc.DontWait, address, length))
      if (n < 0) {
        if (lastError().code !== 'EAGAIN') Atomics.wait(count, 0, Atomics.load(count, 0), 10)
        break
      }
      if (n === 0) continue
      Atomics.add(count, 0, 1)
      const from = senderOf(address, length.readUInt32LE())
      parentPort!.postMessage({ data: new Uint8Array(data.subarray(0, n)), from: from === null ? null : new Uint8Array(from) } satisfies Datagram)
    }
    const now = Atomics.load(count, 0)
    if (now >= most) Atomics.wait(count, 0, now, patience)
  }
}

read(workerData as ReaderData)
