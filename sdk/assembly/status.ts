/** What a handler answers: nginx's verdicts and HTTP statuses. */
export enum Status {
  /** Done, and well: in the access phase "allowed", in the content phase "answered". */
  Ok = 1,
  /** Not mine: the next handler's turn. */
  Declined = 2,
  /** Somebody else finishes this request. */
  Done = 3,
  /** Broken: close the connection. */
  Error = 5,
  Created = 201, Accepted = 202, NoContent = 204, PartialContent = 206,
  MovedPermanently = 301, MovedTemporarily = 302, SeeOther = 303, NotModified = 304, TemporaryRedirect = 307, PermanentRedirect = 308,
  BadRequest = 400, Unauthorized = 401, PaymentRequired = 402, Forbidden = 403, NotFound = 404, NotAllowed = 405, NotAcceptable = 406,
  RequestTimeOut = 408, Conflict = 409, Gone = 410, LengthRequired = 411, PreconditionFailed = 412, RequestEntityTooLarge = 413,
  RequestUriTooLarge = 414, UnsupportedMediaType = 415, RangeNotSatisfiable = 416, UnprocessableContent = 422, TooManyRequests = 429,
  /** nginx's own: close the connection without an answer. */
  Close = 444,
  InternalServerError = 500, NotImplemented = 501, BadGateway = 502, ServiceUnavailable = 503, GatewayTimeOut = 504,
}

/** Where a directive may stand; combine with `|`. */
export enum Where { Http = 4, Server = 8, Location = 16, ServerIf = 64, LocationIf = 128, LimitExcept = 256 }

/** How many arguments a directive takes, beside a plain number from 0 to 7. */
export enum Args {
  None = 0,
  /** One argument, `on` or `off`. */
  Flag = 0x200,
  Any = 0x400, OneOrMore = 0x800, TwoOrMore = 0x1000,
  OneOrTwo = 0x10006, OneToThree = 0x1000e, TwoOrThree = 0x1000c, NoneOrOne = 0x10003,
}

/** The phases in which a handler may run, in their order. */
export enum Phase {
  PostRead = 0, ServerRewrite = 1, Rewrite = 3, Preaccess = 5, Access = 6, Precontent = 8, TryFiles = 8, Content = 9, Log = 10,
}

/** Where a conf class lives: once, per server, or per location (the default). */
export enum Level { Main = 0, Server = 1, Location = 2 }

/** How important a log line is. */
export enum LogLevel { Emergency = 1, Alert = 2, Critical = 3, Error = 4, Warning = 5, Notice = 6, Info = 7, Debug = 8 }

/** Texts of the request, as received, in the host's numbering. */
export enum Field { Method = 0, Uri = 1, Args = 2, UnparsedUri = 3, RequestLine = 4, Host = 5, RemoteAddress = 6, Location = 7, Target = 8 }
