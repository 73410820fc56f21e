"use strict";
(() => {
  const WIDE = 950, NARROW = 455; // what a sheet of paper upright has room for, at the style sheet's zoom
  const root = document.documentElement;
  const chart = document.getElementById("chart");
  const failed = (error) => {
    root.dataset.error = String(error && error.message || error);
    if (root.dataset.charts) return;
    const said = document.createElement("p");
    said.className = "notice bad";
    said.textContent = "The charts could not be drawn, these lines are all there is: " + root.dataset.error;
    chart.prepend(said);
  };
  window.addEventListener("error", (event) => failed(event.error || event.message));
  window.addEventListener("unhandledrejection", (event) => failed(event.reason));

  const unpack = async (id) => {
    const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };

  // What must suit the paper comes from the style sheet, so that light and dark are said in one place.
  const light = document.createElement("i");
  light.className = "light";
  light.hidden = true;
  document.body.append(light);
  const paper = (under = root) => {
    const style = getComputedStyle(under);
    const [ink, soft, line, grid, panel] = ["ink", "soft", "line", "grid", "panel"].map((n) => style.getPropertyValue("--" + n).trim());
    const look = {
      paper_bgcolor: panel, plot_bgcolor: panel, "font.color": soft, "font.family": getComputedStyle(document.body).fontFamily,
      "font.size": 12, "hoverlabel.bgcolor": panel, "hoverlabel.bordercolor": line, "hoverlabel.font.color": ink,
      "xaxis.gridcolor": grid, "xaxis.linecolor": line, "xaxis.spikecolor": soft, "xaxis.zerolinecolor": line,
      "xaxis2.gridcolor": grid, "xaxis2.linecolor": line, "xaxis2.zerolinecolor": line,
    };
    for (const y of ["yaxis", "yaxis2", "yaxis3", "yaxis4"]) {
      Object.assign(look, { [y + ".gridcolor"]: grid, [y + ".zerolinecolor"]: line, [y + ".linecolor"]: line });
    }
    return look;
  };

  // A zoom in time fits each panel's height to what is then seen.
  const fitted = (from, to) => {
    const ranges = {};
    for (const trace of chart._fullData) {
      if (trace.visible !== true) continue;
      const axis = "yaxis" + (trace.yaxis || "y").slice(1);
      const [low, high] = ranges[axis] || [Infinity, -Infinity];
      const seen = extent(trace, from, to);
      ranges[axis] = [Math.min(low, seen[0]), Math.max(high, seen[1])];
    }
    const look = {};
    for (const [axis, [low, high]] of Object.entries(ranges)) {
      if (low > high) continue;
      const room = (high - low || Math.abs(high) || 1) * 0.06;
      look[axis + ".range"] = [low - room, high + room];
    }
    return look;
  };

  const extent = (trace, from, to) => {
    let low = Infinity, high = -Infinity, last = NaN;
    if (trace.fill === "tozeroy") low = high = 0;
    for (let i = 0; i < trace.x.length; i++) {
      const x = trace.x[i], y = trace.y[i];
      if (x < from) { last = y; continue; }   // still in force at the left edge
      if (x > to) { if (Number.isNaN(last)) last = y; break; }
      if (Number.isNaN(last) === false) { low = Math.min(low, last); high = Math.max(high, last); last = NaN; }
      if (!Number.isNaN(y)) { low = Math.min(low, y); high = Math.max(high, y); }
    }
    if (trace.mode === "lines" && Number.isNaN(last) === false) { low = Math.min(low, last); high = Math.max(high, last); }
    return [low, high];
  };

  const zoomed = (change) => {
    if (!Object.keys(change).some((key) => key.startsWith("xaxis."))) return;
    const axis = chart._fullLayout.xaxis;
    const [from, to] = axis.range.map((t) => axis.d2c(t));
    Plotly.relayout(chart, fitted(from, to));
  };

  const draw = async () => {
    const script = document.createElement("script");
    script.textContent = await unpack("plotly");
    document.head.append(script);
    const figure = JSON.parse(document.getElementById("figure").textContent);
    const config = {
      responsive: true, displaylogo: false, doubleClick: "reset",
      modeBarButtonsToRemove: ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
      toImageButtonOptions: { format: "png", scale: 2, filename: document.title },
    };
    chart.textContent = "";
    await Plotly.newPlot(chart, figure.data, figure.layout, config);
    await Plotly.relayout(chart, paper());
    chart.on("plotly_relayout", zoomed);
    const drawn = [chart];
    for (const said of document.querySelectorAll(".small-figure")) {
      const small = JSON.parse(said.textContent);
      const place = document.getElementById(said.dataset.for);
      await Plotly.newPlot(place, small.data, small.layout, { ...config, displayModeBar: false });
      await Plotly.relayout(place, paper());
      drawn.push(place);
    }
    const again = (look) => drawn.forEach((each) => Plotly.relayout(each, look(each)));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => again(() => paper()));
    window.addEventListener("beforeprint", () => again((each) => ({
      ...paper(light), width: each === chart ? WIDE : NARROW, "xaxis.tickfont.size": each === chart ? 12 : 10,
    })));
    window.addEventListener("afterprint", () => again(() => ({ ...paper(), width: null, autosize: true, "xaxis.tickfont.size": 12 })));
    root.dataset.charts = String(chart.querySelectorAll(".scatterlayer .trace").length);
  };

  draw().catch(failed);
})();
