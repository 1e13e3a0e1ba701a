// Where a list is that may be higher than any element: browsers know no more than some 17 million dots.

const MOST = 10_000_000; // dots
const EDGE = 4000; // dots from either end within which a place is put where its share of the list is

export class Roll {
  private total = 0;
  private offset = 0; // of the list that is meant, over that of the element
  private last = 0;

  constructor(private readonly pane: HTMLElement, private readonly list: HTMLElement) {}

  // A list of this height, from its top.
  begin(total: number): void {
    this.total = total;
    this.list.style.height = `${Math.min(total, MOST)}px`;
    this.to(0);
  }

  // The dot of the list at the upper edge of what is seen.
  get top(): number {
    return this.pane.scrollTop + this.offset;
  }

  // Where on the element a dot of the list is.
  onElement(y: number): number {
    return y - this.offset;
  }

  to(top: number): void {
    const room = Math.max(0, this.total - this.pane.clientHeight), wanted = Math.max(0, Math.min(room, top));
    this.pane.scrollTop = this.total <= MOST ? wanted : wanted / this.ratio;
    this.last = this.pane.scrollTop;
    if (this.total <= MOST || this.last <= 0) this.offset = 0;
    else this.offset = (this.last >= MOST - this.pane.clientHeight ? room : wanted) - this.last; // no dot beyond an end
  }

  // After the element scrolled; whether all that is on it has to move.
  scrolled(): boolean {
    if (this.total <= MOST) return false;
    const now = this.pane.scrollTop, moved = Math.abs(now - this.last), before = this.offset;
    this.last = now;
    if (moved > 2 * this.pane.clientHeight) this.offset = now * this.ratio - now;
    else if (Math.min(now, MOST - this.pane.clientHeight - now) < EDGE) this.to(now + this.offset);
    return this.offset !== before;
  }

  private get ratio(): number {
    return (this.total - this.pane.clientHeight) / (MOST - this.pane.clientHeight);
  }
}
