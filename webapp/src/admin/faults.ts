/** The faults of a file out of what the server said: as data, or as the lines that a command would print. Pure. */
import type { ApiError } from '../api'
import type { FileFault } from '../model'

export function faultsOf(error: Pick<ApiError, 'message' | 'faults'>): FileFault[] {
  if (error.faults.length) return [...error.faults]
  return error.message.split('\n').flatMap((line) => {
    const found = /^(.*?):(\d+)(?::(\d+))?: (.*)$/.exec(line)
    return found ? [{ file: found[1] ?? '', line: Number(found[2]), column: Number(found[3] ?? 0), reason: found[4] ?? '' }] : []
  })
}
