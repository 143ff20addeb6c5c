/** Names of the H_* ids of table.ts, lower case; index 0 is unused. */
export const headerNames: readonly string[] = [
  '', 'host', 'connection', 'content-length', 'content-type', 'transfer-encoding', 'expect', 'user-agent', 'referer',
  'cookie', 'authorization', 'range', 'if-range', 'if-modified-since', 'if-unmodified-since', 'if-none-match',
  'if-match', 'accept', 'accept-encoding', 'x-forwarded-for', 'upgrade', 'keep-alive', 'origin', 'sec-fetch-site',
  'te', 'via', 'date', 'content-range', 'accept-language', 'x-real-ip', 'content-encoding', 'x-forwarded-proto',
]

/** Names of the M_* ids of table.ts; index 0 stands for every other method. */
export const methodNames: readonly string[] = [
  '', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'MKCOL', 'COPY', 'MOVE', 'OPTIONS', 'PROPFIND', 'PROPPATCH', 'LOCK',
  'UNLOCK', 'PATCH', 'TRACE', 'CONNECT',
]
