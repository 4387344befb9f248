"""Files that a stage makes: whole or not there, with a record of what they are; and tables."""
