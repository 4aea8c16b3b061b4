/** A file that the page has as octets is saved by the browser. */
export function saveFile(octets: Blob, name: string): void {
  const address = URL.createObjectURL(octets)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
