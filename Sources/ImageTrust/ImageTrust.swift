// ImageTrust
