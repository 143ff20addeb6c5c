/** What the default event method is tested with, once more with Node's own (`use poll`). */
process.env.VESPID_TEST_EVENTS = 'poll'
await import('../unit/http-engine.test.ts')
await import('./golden-http.test.ts')
await import('./streams.test.ts')
