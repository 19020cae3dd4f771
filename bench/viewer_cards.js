// Beside viewer.js: with the number of every picture shown, the cards that were on the page when it was painted.
(() => {
  window.cards = [];
  const onShow = () => [...document.querySelectorAll("#cards > [data-product]")].map((card) => card.dataset.product).sort();
  window.each_shown = (number) => {
    // Picture callbacks run before animation callbacks of the same painting, whoever asked first.
    requestAnimationFrame(() => window.cards.push([number, performance.timeOrigin + performance.now(), onShow()]));
  };
})();
