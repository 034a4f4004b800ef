'use strict'

// Which readings are missing, and which came twice, by (run, seq). No I/O, no clock.

/** Older runs of the bridge are forgotten; what is left of them on its disk is hours old by then. */
const RUNS_MAX = 16

/** Whole numbers, kept as ranges: as many of them as there are gaps. */
class Ranges {
  #ranges = [] // ascending, with room between them

  /** Take in a number. false = it was there already. */
  add (number) {
    const at = this.#at(number)
    const before = this.#ranges[at - 1]
    const after = this.#ranges[at]
    if (before && number <= before.last) return false
    const joinsBefore = before && before.last === number - 1
    const joinsAfter = after && after.first === number + 1
    if (joinsBefore && joinsAfter) {
      before.last = after.last
      this.#ranges.splice(at, 1)
    } else if (joinsBefore) before.last = number
    else if (joinsAfter) after.first = number
    else this.#ranges.splice(at, 0, { first: number, last: number })
    return true
  }

  /** The ranges between two numbers, both included, that are not there. */
  missing (first, last) {
    const found = []
    for (const range of this.#ranges) {
      if (first < range.first && first <= last) found.push({ first, last: Math.min(range.first - 1, last) })
      first = Math.max(first, range.last + 1)
    }
    if (first <= last) found.push({ first, last })
    return found
  }

  /** How many ranges begin at or before a number. Numbers mostly rise, so it looks from the end. */
  #at (number) {
    let at = this.#ranges.length
    while (at > 0 && this.#ranges[at - 1].first > number) at--
    return at
  }
}

/** What one reader of one channel has seen. What was before its first live reading is no gap. */
class ReadingOrder {
  #runs = new Map()
  #told = new Map()
  #newest // the newest live reading

  /**
   * What a reading means: whether it is new, and the gaps before it.
   *
   * @returns {{isNew: boolean, gaps: {run: number, first: number, last: number}[]}}
   */
  take (reading) {
    if (this.#isOfAnotherCount(reading)) this.#forgetAll()
    const gaps = reading.is_historical ? [] : this.#gapsBefore(reading)
    if (!this.#of(reading.run).add(reading.seq)) return { isNew: false, gaps: [] }
    if (!reading.is_historical) {
      this.#told.set(reading.run, Math.max(this.#told.get(reading.run) ?? 0, reading.seq))
      this.#newest = reading
    }
    this.#forgetOld()
    return { isNew: true, gaps }
  }

  /** Live readings ascend. One that is later by the clock and earlier by number has been counted anew. */
  #isOfAnotherCount (reading) {
    const newest = this.#newest
    if (!newest || reading.is_historical || reading.unix_time_second <= newest.unix_time_second) return false
    return reading.run < newest.run || (reading.run === newest.run && reading.seq <= newest.seq)
  }

  #gapsBefore (reading) {
    if (this.#told.size === 0) return []
    const oldest = Math.min(...this.#told.keys())
    const gaps = []
    if (reading.previous && reading.previous.run >= oldest) gaps.push(...this.#gapsUntil(reading.previous.run, reading.previous.seq))
    if (reading.run >= oldest) gaps.push(...this.#gapsUntil(reading.run, reading.seq - 1))
    return gaps
  }

  /** Those that were not told yet; each is told once. */
  #gapsUntil (run, last) {
    const told = this.#told.get(run) ?? 0
    this.#told.set(run, Math.max(told, last))
    return this.#of(run).missing(told + 1, last).map((gap) => ({ run, ...gap }))
  }

  #of (run) {
    if (!this.#runs.has(run)) this.#runs.set(run, new Ranges())
    return this.#runs.get(run)
  }

  #forgetOld () {
    while (this.#runs.size > RUNS_MAX) {
      const oldest = Math.min(...this.#runs.keys())
      this.#runs.delete(oldest)
      this.#told.delete(oldest)
    }
  }

  #forgetAll () {
    this.#runs.clear()
    this.#told.clear()
    this.#newest = undefined
  }
}

module.exports = { Ranges, ReadingOrder }
