/** Something is asked again and again, for as long as the part of the page is seen. */
import { onActivated, onBeforeUnmount, onDeactivated, onMounted } from 'vue'

/** One question at a time: the next comes `pause` milliseconds after the answer to the last. */
export function useEvery(pause: number, work: () => Promise<void>): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let running = 0

  async function go(mine: number): Promise<void> {
    await work()
    if (mine === running) timer = setTimeout(() => void go(mine), pause)
  }
  function stop(): void {
    running += 1
    clearTimeout(timer)
  }
  function begin(): void {
    stop()
    void go(running)
  }
  onMounted(begin)
  onActivated(begin)
  onDeactivated(stop)
  onBeforeUnmount(stop)
}
