/** A time as C's ctime() writes it, without the line's end: `Fri Nov 20 14:39:21 2026`, in local time. */
export function ctime(milliseconds: number): string {
  const d = new Date(milliseconds)
  const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][d.getDay()]!
  const month = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][d.getMonth()]!
  return `${day} ${month} ${String(d.getDate()).padStart(2)} ${clock(d)} ${d.getFullYear()}`
}

/** A time as `2026-11-20 14:39:21`, in local time. */
export function dateTime(milliseconds: number): string {
  const d = new Date(milliseconds)
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${clock(d)}`
}

const two = (n: number): string => String(n).padStart(2, '0')
const clock = (d: Date): string => `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
