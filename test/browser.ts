/** A headless Chromium that tests drive through its debugging pipe (Chrome DevTools Protocol), without a library. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { findProgram } from './programs.ts'

/** The part of node:test's context that is used. */
interface Test { after(fn: () => void | Promise<void>): void }

interface Reply {
  readonly id?: number
  readonly method?: string
  readonly result?: any
  readonly error?: { readonly message: string }
}

/** Calls that take longer have failed. */
const patience = 20_000

/** One page. */
export class Page {
  readonly #out: Writable
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #loaded: (() => void) | null = null
  #session = ''
  #serial = 0
  #held = ''
  /** Who waits for something when the browser ends. */
  readonly #deserted = new Set<(error: Error) => void>()

  constructor(child: ChildProcess) {
    this.#out = child.stdio[3] as Writable
    ;(child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => this.#read(text))
    this.#out.on('error', () => {})
    child.once('exit', () => { for (const reject of this.#deserted) reject(new Error('the browser has ended')) })
  }

  #read(text: string): void {
    const documents = (this.#held + text).split('\0')
    this.#held = documents.pop()!
    for (const document of documents) {
      const reply = JSON.parse(document) as Reply
      if (reply.id !== undefined) this.#waiting.get(reply.id)?.(reply)
      else if (reply.method === 'Page.loadEventFired') this.#loaded?.()
    }
  }

  #patiently<T>(what: string, begin: (done: (value: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the browser does not answer: ${what}`)), patience)
      this.#deserted.add(reject)
      begin((value) => {
        clearTimeout(timer)
        this.#deserted.delete(reject)
        resolve(value)
      })
    })
  }

  /** Any call of the protocol. */
  async call(method: string, params: Record<string, unknown> = {}): Promise<any> {
    const id = ++this.#serial
    const reply = await this.#patiently<Reply>(method, (done) => {
      this.#waiting.set(id, done)
      const session = this.#session === '' ? {} : { sessionId: this.#session }
      this.#out.write(`${JSON.stringify({ id, method, params, ...session })}\0`)
    })
    this.#waiting.delete(id)
    if (reply.error !== undefined) throw new Error(`${method}: ${reply.error.message}`)
    return reply.result
  }

  /** Makes the page; called once. */
  async open(): Promise<void> {
    const { targetId } = await this.call('Target.createTarget', { url: 'about:blank' })
    this.#session = (await this.call('Target.attachToTarget', { targetId, flatten: true })).sessionId
    await this.call('Page.enable')
  }

  async #load(begin: () => Promise<unknown>): Promise<void> {
    const loaded = this.#patiently<void>('a page', (done) => { this.#loaded = () => done() })
    await begin()
    await loaded
    this.#loaded = null
  }

  /** Goes to a URL and waits for the page. */
  async go(url: string): Promise<void> {
    await this.#load(() => this.call('Page.navigate', { url }))
  }

  /** The value of a JavaScript expression in the page, which the page's own policy does not concern. */
  async value(expression: string): Promise<any> {
    const { result, exceptionDetails } = await this.call('Runtime.evaluate', { expression, returnByValue: true })
    if (exceptionDetails !== undefined) {
      throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`)
    }
    return result.value
  }

  /** What is to be read in an element; null without one. */
  async text(selector: string): Promise<string | null> {
    return this.value(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? null`)
  }

  /** Types into a field, in the place of what it holds. */
  async fill(selector: string, text: string): Promise<void> {
    await this.value(`{ const field = document.querySelector(${JSON.stringify(selector)}); field.focus(); field.select() }`)
    await this.call('Input.insertText', { text })
  }

  /** Presses a button or link that leads to another page, and waits for that. */
  async press(selector: string): Promise<void> {
    await this.#load(() => this.value(`document.querySelector(${JSON.stringify(selector)}).click()`))
  }

  /** Writes a picture of the page. */
  async shot(file: string): Promise<void> {
    writeFileSync(file, Buffer.from((await this.call('Page.captureScreenshot')).data as string, 'base64'))
  }
}

/** Starts Chromium; it ends with the test. A test that uses it says `{ skip: skipWithout('chromium') }`. */
export async function openBrowser(t: Test): Promise<Page> {
  const home = mkdtempSync(join(tmpdir(), 'vespid-browser-'))
  const child = spawn(findProgram('chromium')!, [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', `--user-data-dir=${home}`,
    '--window-size=1100,800', '--remote-debugging-pipe',
  ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: home } })
  const ended = new Promise<void>((resolve) => { child.once('exit', () => resolve()) })
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  })
  const page = new Page(child)
  await page.open()
  return page
}
