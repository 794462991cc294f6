/* A browser starts no worker for a page that was opened from a folder (file://), and the search of the site is one.
   There, a frame that nobody sees runs the same script in the worker's place. What is here is all that the theme asks
   of a worker; its script looks for the name IFrameWorker to know where it runs, and loads nothing more for English.
   From a server, workers are the browser's own. */
"use strict";

window.IFrameWorker = class extends EventTarget {
  constructor(url) {
    super();
    const frame = document.createElement("iframe");
    frame.hidden = true;
    document.body.append(frame);
    this.inside = frame.contentWindow;
    this.inside.document.open(); // so that no empty page takes the place of this one later
    this.inside.document.write("<!doctype html><title>Search</title><body>");
    this.inside.document.close();
    this.inside.postMessage = (data) => {
      const event = new MessageEvent("message", { data: structuredClone(data) });
      setTimeout(() => this.dispatchEvent(event));
    };
    const script = this.inside.document.createElement("script");
    script.src = url;
    this.ready = new Promise((resolve) => script.addEventListener("load", resolve));
    this.inside.document.body.append(script);
  }

  postMessage(data) {
    const event = new MessageEvent("message", { data: structuredClone(data) });
    this.ready.then(() => this.inside.dispatchEvent(event));
  }
};

if (location.protocol === "file:") window.Worker = window.IFrameWorker;
