"""What people type, checked and turned into what verbs take."""
