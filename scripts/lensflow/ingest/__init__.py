"""From FITS files and a catalogue to checked image shards."""
