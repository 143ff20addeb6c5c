/** Reason phrases of the status line, nginx's wording (nginx.md §3.5): status → text. A status without one writes `HTTP/1.1 418 `. */
export const reasonPhrases: Readonly<Record<number, string>> = {
  100: 'Continue', 101: 'Switching Protocols',
  200: 'OK', 201: 'Created', 202: 'Accepted', 204: 'No Content', 206: 'Partial Content',
  301: 'Moved Permanently', 302: 'Moved Temporarily', 303: 'See Other', 304: 'Not Modified', 307: 'Temporary Redirect', 308: 'Permanent Redirect',
  400: 'Bad Request', 401: 'Unauthorized', 402: 'Payment Required', 403: 'Forbidden', 404: 'Not Found', 405: 'Not Allowed', 406: 'Not Acceptable',
  407: 'Proxy Authentication Required', 408: 'Request Time-out', 409: 'Conflict', 410: 'Gone', 411: 'Length Required', 412: 'Precondition Failed',
  413: 'Request Entity Too Large', 414: 'Request-URI Too Large', 415: 'Unsupported Media Type', 416: 'Requested Range Not Satisfiable',
  421: 'Misdirected Request', 429: 'Too Many Requests',
  500: 'Internal Server Error', 501: 'Not Implemented', 502: 'Bad Gateway', 503: 'Service Temporarily Unavailable', 504: 'Gateway Time-out',
  505: 'HTTP Version Not Supported', 507: 'Insufficient Storage',
}

/** Titles of the built-in pages; they differ from the phrases in a few places, and statuses above 493 are nginx's own. */
export const pageTitles: Readonly<Record<number, string>> = {
  ...Object.fromEntries(Object.entries(reasonPhrases).filter(([s]) => Number(s) >= 300 && s !== '304').map(([s, t]) => [s, `${s} ${t}`])),
  302: '302 Found', 401: '401 Authorization Required',
  494: '400 Request Header Or Cookie Too Large', 495: '400 The SSL certificate error', 496: '400 No required SSL certificate was sent',
  497: '400 The plain HTTP request was sent to HTTPS port',
}
