import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { systemFailure } from '../../core/errors.ts'
import { statOf } from './owner.ts'

/** Kamailio's patience with a reader that has not opened its fifo yet (kamailio.md §2.10). */
const tries = 5
const pause = 80
const longestPath = 128
/** How long a reader may leave an answer unread. */
const patience = 5000

/**
 * Writes an answer to the fifo of a caller and closes it, so that the caller sees its end. Null when it went out, else why not. Nothing is written to what is no
 * fifo, to a link, or to a file with several names, and nobody waits for a reader that is slow or gone.
 */
export async function writeReply(directory: string, name: string, bytes: Uint8Array): Promise<string | null> {
  const path = directory + name
  if (/[./\\\0]/.test(name)) return `forbidden name of a reply fifo "${name.slice(0, 100)}"`
  if (Buffer.byteLength(path) > longestPath) return `the name of the reply fifo is too long (${Buffer.byteLength(path)} bytes, at most ${longestPath})`
  for (let i = 0; ; i++) {
    const fd = open(path)
    if (typeof fd === 'number') return bytes.length === 0 ? (closeSync(fd), null) : send(path, fd, bytes)
    if (fd !== '') return fd
    if (i + 1 === tries) return `nobody reads the reply fifo "${path}"`
    await wait(pause)
  }
}

/** The descriptor; '' when there is no reader yet; else what is wrong. */
function open(path: string): number | string {
  let fd: number
  try {
    const before = statOf(path)
    if (before === null) return `there is no reply fifo "${path}"`
    if (before.isSymbolicLink()) return `the reply fifo "${path}" is a link`
    if (!before.isFIFO()) return `"${path}" is no fifo`
    fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENXIO' ? '' : systemFailure(`open() "${path}"`, error)
  }
  const { nlink } = fstatSync(fd)
  if (fstatSync(fd).isFIFO() && nlink === 1) return fd
  closeSync(fd)
  return `the reply fifo "${path}" has ${nlink} names`
}

function send(path: string, fd: number, bytes: Uint8Array): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = new Socket({ fd, readable: false, writable: true })
    let failure: string | null = 'the reader of the reply fifo left'
    socket.on('error', (error) => { failure = systemFailure(`write() to "${path}"`, error) })
    socket.on('finish', () => { failure = null })
    socket.on('close', () => resolve(failure))
    const timer = setTimeout(() => {
      socket.destroy()
      failure = `the reply fifo "${path}" was not read for ${patience / 1000} seconds`
    }, patience)
    socket.on('close', () => clearTimeout(timer))
    socket.end(bytes)
  })
}
