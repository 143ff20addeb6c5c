/**
 * The table that a head parser writes: little-endian 32-bit words, copied as it is into plugins. Offsets count bytes
 * from the head's start (the `start` given to parseHead, so skipped leading empty lines count); −1 stands for "absent".
 * Only integer constants live here: this file is compiled by AssemblyScript too, so that both parsers share one layout.
 * T_WORDS words are meaningful after success; after an error only T_ERR_* are.
 */

/** How many words the table takes, headers included: what a copy must carry. */
export const T_WORDS = 0
/** Bytes of the whole head, the empty line included: what parseHead returned. */
export const T_HEAD_LEN = 1
/** M_* below; 0 for a method that is not in the list. */
export const T_METHOD = 2
export const T_METHOD_OFF = 3
export const T_METHOD_LEN = 4
/** The request target as received, scheme and authority included. */
export const T_TARGET_OFF = 5
export const T_TARGET_LEN = 6
/**
 * Raw path: ends before `?` and `#`. An absolute target without a path has its first `/` here, so the path is "/"
 * (nginx).
 */
export const T_PATH_OFF = 7
export const T_PATH_LEN = 8
/** Raw arguments: between `?` and `#`; −1/0 without `?`. */
export const T_ARGS_OFF = 9
export const T_ARGS_LEN = 10
/** The host of an absolute target (or CONNECT), with brackets, without port; −1/0 otherwise. */
export const T_HOST_OFF = 11
export const T_HOST_LEN = 12
/** Digits after the `:` of that host, possibly none; −1/0 without `:`. */
export const T_PORT_OFF = 13
export const T_PORT_LEN = 14
/** SCHEME_* below. */
export const T_SCHEME = 15
/** major × 1000 + minor; HTTP/0.9 is 9. */
export const T_VERSION = 16
/** F_* below. */
export const T_FLAGS = 17
/** Content-Length, low and high 32 bits, at most 2^53−1; both −1 without the header. */
export const T_CL_LO = 18
export const T_CL_HI = 19
/** Header lines in the list: skipped ones are not in it. */
export const T_COUNT = 20
/** After the last `.` of the path's last segment; −1/0 without one, or with F_COMPLEX (then ask uri.ts `extension`). */
export const T_EXT_OFF = 21
export const T_EXT_LEN = 22
/** The target without scheme and authority: nginx's $request_uri. */
export const T_URI_OFF = 23
export const T_URI_LEN = 24
/** The protocol text (`HTTP/1.1`); −1/0 in HTTP/0.9. */
export const T_PROTO_OFF = 25
export const T_PROTO_LEN = 26
/** Length of the request line without its line end; it begins at T_METHOD_OFF. */
export const T_LINE_LEN = 27
/**
 * How many header lines were skipped as invalid, and the first of them (nginx logs `client sent invalid header line:
 * "…"`).
 */
export const T_SKIPPED = 28
export const T_SKIPPED_OFF = 29
export const T_SKIPPED_LEN = 30
/**
 * After an error: start and length (as far as known) of the culprit line, the offset of the byte at fault, and the
 * offset and length of the earlier line that a duplicate repeats (−1/0 otherwise).
 */
export const T_ERR_OFF = 31
export const T_ERR_LEN = 32
export const T_ERR_POS = 33
export const T_ERR_PREV = 34
export const T_ERR_PREV_LEN = 35
/**
 * After "incomplete": the head length from which parsing again is worth while, negative while the first line is not
 * complete (HeadResume).
 */
export const T_WAKE = 36
/** T_KNOWN + H_x is the index of the first header line named x, or −1. H_* begin at 1. */
export const T_KNOWN = 40
export const T_HEADERS = 72
/**
 * Words of one header line: name offset, name length | H_* << 16, value offset, value length (without spaces and tabs
 * around).
 */
export const HEADER_WORDS = 4
/** More lines than this are "too many" whatever max_headers says: the table is 64 KB. */
export const MAX_HEADERS = 4078
export const TABLE_BYTES = 65536

/** The path must go through uri.ts `normalise`: it has `%`, `//` or `/.`. */
export const F_COMPLEX = 1
export const F_CLOSE = 2
export const F_KEEP_ALIVE = 4
export const F_CHUNKED = 8
/** `Expect: 100-continue` in HTTP/1.1. */
export const F_EXPECT_100 = 16
export const F_HOST = 32
export const F_UPGRADE = 64
/** A TE header is present. */
export const F_TE = 128
/** A header line was skipped as invalid. */
export const F_SKIPPED = 256
/** What RFC 9112 §9.3 makes of version and Connection: the connection may persist. */
export const F_PERSIST = 512
/** A body follows: chunked, or Content-Length above 0. */
export const F_BODY = 1024
/** Connection lists `upgrade`. */
export const F_CONN_UPGRADE = 2048
/** The target has `#` (path and arguments already end before it). */
export const F_FRAGMENT = 4096
/** The path has `%XX`. */
export const F_QUOTED = 8192
/** The path has `+`. */
export const F_PLUS = 16384
/** The target is absolute (`scheme://…`). */
export const F_ABSOLUTE = 32768

export const SCHEME_NONE = 0
export const SCHEME_HTTP = 1
export const SCHEME_HTTPS = 2
export const SCHEME_OTHER = 3

/** Option bits of a parse: the default server's ignore_invalid_headers and underscores_in_headers. */
export const O_IGNORE_INVALID = 1
export const O_UNDERSCORES = 2

export const M_GET = 1
export const M_HEAD = 2
export const M_POST = 3
export const M_PUT = 4
export const M_DELETE = 5
export const M_MKCOL = 6
export const M_COPY = 7
export const M_MOVE = 8
export const M_OPTIONS = 9
export const M_PROPFIND = 10
export const M_PROPPATCH = 11
export const M_LOCK = 12
export const M_UNLOCK = 13
export const M_PATCH = 14
export const M_TRACE = 15
export const M_CONNECT = 16

export const H_HOST = 1
export const H_CONNECTION = 2
export const H_CONTENT_LENGTH = 3
export const H_CONTENT_TYPE = 4
export const H_TRANSFER_ENCODING = 5
export const H_EXPECT = 6
export const H_USER_AGENT = 7
export const H_REFERER = 8
export const H_COOKIE = 9
export const H_AUTHORIZATION = 10
export const H_RANGE = 11
export const H_IF_RANGE = 12
export const H_IF_MODIFIED_SINCE = 13
export const H_IF_UNMODIFIED_SINCE = 14
export const H_IF_NONE_MATCH = 15
export const H_IF_MATCH = 16
export const H_ACCEPT = 17
export const H_ACCEPT_ENCODING = 18
export const H_X_FORWARDED_FOR = 19
export const H_UPGRADE = 20
export const H_KEEP_ALIVE = 21
export const H_ORIGIN = 22
export const H_SEC_FETCH_SITE = 23
export const H_TE = 24
export const H_VIA = 25
export const H_DATE = 26
export const H_CONTENT_RANGE = 27
export const H_ACCEPT_LANGUAGE = 28
export const H_X_REAL_IP = 29
export const H_CONTENT_ENCODING = 30
export const H_X_FORWARDED_PROTO = 31
/** The highest H_*. */
export const H_LAST = 31
/** Bit H_* is set when the header may stand only once: nginx answers 400 to the second line (nginx.md §8). */
export const UNIQUE_HEADERS = 0x0801f46a

/** Results of parseHead below zero; errors.ts tells status and log text of each. */
export const E_METHOD = -1
export const E_REQUEST = -2
export const E_VERSION = -3
export const E_METHOD_09 = -4
export const E_URI_TOO_LONG = -5
export const E_HEADER_TOO_LONG = -6
export const E_TOO_LARGE = -7
export const E_TOO_MANY_HEADERS = -8
export const E_HEADER = -9
export const E_DUPLICATE_HOST = -10
export const E_DUPLICATE = -11
export const E_NO_HOST = -12
export const E_CONTENT_LENGTH = -13
export const E_TE_IN_10 = -14
export const E_LENGTH_AND_TE = -15
export const E_UNKNOWN_TE = -16
/** These two come from host.ts's check of what the table points at, not from the parsers. */
export const E_HOST_IN_LINE = -17
export const E_HOST_HEADER = -18
