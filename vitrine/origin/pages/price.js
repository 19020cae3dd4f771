/** What a product costs now, whether it can be had, and how that is said: pure functions of a product's record. */

const FEW = 9; // so many left, or fewer, are worth a word
const AVAILABILITY = {
  in_stock: "In stock",
  out_of_stock: "Sold out",
  preorder: "Pre-order",
  backorder: "On back order",
};

/**
 * The offer at an instant (ms): {price, list, ends, changes}. `list` is the price struck through while a sale runs,
 * else null; `ends` a Date or null; `changes` the next instant at which this answer differs, or Infinity.
 */
export function offerAt(product, now) {
  const { price = null, sale_price: sale = null } = product;
  const from = dateOf(sale?.from) ?? -Infinity;
  const to = dateOf(sale?.to) ?? Infinity;
  const runs = Boolean(sale && price) && from <= now && now < to && sale.currency === price.currency && less(sale, price);
  const changes = Math.min(...[from, to].filter((instant) => sale && instant > now), Infinity);
  return runs
    ? { price: sale, list: price, ends: to < Infinity ? new Date(to) : null, changes }
    : { price, list: null, ends: null, changes };
}

const dateOf = (text) => {
  const instant = Date.parse(text ?? "");
  return Number.isNaN(instant) ? null : instant;
};

const less = (one, other) => Number(one.amount) < Number(other.amount);

/** Whole percents saved, 0 if less than one. */
export function saving({ price, list }) {
  return list ? Math.max(0, Math.floor(100 - (100 * Number(price.amount)) / Number(list.amount))) : 0;
}

/** An amount as its currency is written here: $249, 1.299,50 €. */
export const written = (money) => format(money, "symbol");

/** An amount as it is said aloud: 249 US dollars. */
export const spoken = (money) => format(money, "name");

function format({ amount, currency }, currencyDisplay) {
  try {
    const style = { style: "currency", currency, currencyDisplay, trailingZeroDisplay: "stripIfInteger" };
    return new Intl.NumberFormat(undefined, style).format(amount); // a decimal string keeps every digit
  } catch {
    return `${amount} ${currency}`; // no currency that this browser knows
  }
}

/** {text, tone}: tone is "out", "few" or "". Nothing is said of a product of which nothing is known. */
export function availabilityOf({ availability, stock }) {
  if (availability === "out_of_stock" || (availability === "in_stock" && stock === 0)) {
    return { text: AVAILABILITY.out_of_stock, tone: "out" };
  }
  if (availability === "in_stock" && stock > 0 && stock <= FEW) {
    return { text: `Only ${stock} left`, tone: "few" };
  }
  return { text: AVAILABILITY[availability] ?? "", tone: "" };
}

/** A shop's address, if it is one that a page may lead to; else null. */
export function linkOf(text) {
  const url = addressOf(text, undefined);
  return url ? url.href : null;
}

/** A picture's address, if the page's policy lets it be shown; else null. Addresses may be relative to `base`. */
export function pictureOf(text, base) {
  const url = addressOf(text, base);
  return url && (url.protocol === "https:" || url.origin === location.origin) ? url.href : null;
}

function addressOf(text, base) {
  try {
    const url = text ? new URL(text, base) : null;
    return url?.protocol === "https:" || url?.protocol === "http:" ? url : null;
  } catch {
    return null;
  }
}
