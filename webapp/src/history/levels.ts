/**
 * How loud each side of a recording is over its time, read from the WAV file itself: for the eye, so that who spoke
 * when can be seen before it is heard. PCM of 16 bits, A-law and µ-law (RFC 2361 formats 1, 6, 7). Pure.
 */

export interface Levels {
  /** Seconds of sound. */
  seconds: number
  /** For each channel and column 0..1, on a scale of decibels. */
  channels: Float32Array[]
}

/** What is quieter is silence to the eye, in decibels below full scale. */
const FLOOR = -50

const aLaw = Float32Array.from({ length: 256 }, (_, octet) => {
  const sign = octet ^ 0x55
  const exponent = (sign >> 4) & 7
  const mantissa = ((sign & 15) << 4) + 8
  return (exponent ? (mantissa + 256) << (exponent - 1) : mantissa) / 32768
})
const muLaw = Float32Array.from({ length: 256 }, (_, octet) => {
  const inverse = ~octet & 0xff
  return ((((inverse & 15) << 3) + 132) * 2 ** ((inverse >> 4) & 7) - 132) / 32768
})

/** null: not a WAV file of a kind that is read here. A file that was cut off is read as far as it goes. */
export function levelsOf(file: ArrayBuffer, columns: number): Levels | null {
  const view = new DataView(file)
  const tag = (at: number): string =>
    at + 4 <= file.byteLength ? String.fromCharCode(...new Uint8Array(file, at, 4)) : ''
  if (tag(0) !== 'RIFF' || tag(8) !== 'WAVE') return null
  let format = 0
  let count = 0
  let rate = 0
  let at = 12
  while (at + 8 <= file.byteLength) {
    const size = view.getUint32(at + 4, true)
    const start = at + 8
    if (tag(at) === 'fmt ' && start + 16 <= file.byteLength) {
      format = view.getUint16(start, true)
      count = view.getUint16(start + 2, true)
      rate = view.getUint32(start + 4, true)
    }
    if (tag(at) === 'data') {
      const octets = Math.min(size, file.byteLength - start)
      return measure(view, start, octets, { format, count, rate }, columns)
    }
    at = start + size + (size & 1)
  }
  return null
}

interface Shape {
  format: number
  count: number
  rate: number
}

function measure(view: DataView, start: number, octets: number, shape: Shape, columns: number): Levels | null {
  const { format, count, rate } = shape
  const width = { 1: 2, 6: 1, 7: 1 }[format]
  if (!width || !count || !rate) return null
  const table = format === 6 ? aLaw : muLaw
  const sample = (place: number): number =>
    format === 1 ? Math.abs(view.getInt16(place, true)) / 32768 : (table[view.getUint8(place)] ?? 0)
  const frames = Math.floor(octets / (width * count))
  const channels = Array.from({ length: count }, () => new Float32Array(columns))
  channels.forEach((levels, channel) => {
    for (let column = 0; column < columns; column += 1) {
      const [first, end] = [Math.floor((column * frames) / columns), Math.floor(((column + 1) * frames) / columns)]
      // A long call has thousands of frames for a column: a few hundred of them tell how loud it was.
      const step = Math.max(1, Math.floor((end - first) / 400))
      let [sum, heard] = [0, 0]
      for (let frame = first; frame < end; frame += step) {
        sum += sample(start + (frame * count + channel) * width) ** 2
        heard += 1
      }
      const decibels = 10 * Math.log10((heard ? sum / heard : 0) + 1e-12)
      levels[column] = Math.max(0, Math.min(1, 1 - decibels / FLOOR))
    }
  })
  return { seconds: frames / rate, channels }
}
