"""The AWS that tests talk to over HTTP: moto, and answers to the operations that moto lacks."""
